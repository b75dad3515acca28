import { memory } from '@perdure/memory';
import { conforms } from './cases.js';

conforms({
  name: 'memory',
  create: () => memory(),
  // Its data lives as long as the value.
  reopen: (storage) => storage,
  without: {
    second: 'a store in memory has one connection',
    crash: 'nothing outlives the process',
    newer: 'nothing outlives the process',
    corrupt: 'nothing outlives the process',
    readOnly: 'memory takes writes',
    busy: 'every commit is done when the call returns',
    full: 'memory that is full ends the process',
  },
});
