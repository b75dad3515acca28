import 'fake-indexeddb/auto';
import { conforms } from './cases.js';
import { indexedDbFixture } from './indexeddb-fixture.js';

let databases = 0;

conforms(
  indexedDbFixture('indexeddb (fake-indexeddb)', () => {
    databases += 1;
    return `conformance-${databases}`;
  }),
);
