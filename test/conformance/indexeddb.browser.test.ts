import { conforms } from './cases.js';
import { indexedDbFixture } from './indexeddb-fixture.js';

// Every test file shares one origin, so names are random.
conforms(indexedDbFixture('indexeddb (Chromium)', () => `conformance-${crypto.randomUUID()}`));
