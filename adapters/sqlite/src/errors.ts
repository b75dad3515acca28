import { StorageError, type StorageErrorCode } from '@perdure/core/storage';

/** By the beginning of SQLite's own code: what it means, whether to try again, and what to do. */
const known: readonly (readonly [
  native: string,
  code: StorageErrorCode,
  retryable: boolean,
  message: string,
])[] = [
  ['SQLITE_BUSY', 'storage_busy', true, 'Another writer holds the SQLite database'],
  ['SQLITE_LOCKED', 'storage_busy', true, 'Another writer holds the SQLite database'],
  ['SQLITE_FULL', 'storage_full', true, 'The disk of the SQLite database is full: make room, and it goes on'],
  ['SQLITE_CORRUPT', 'storage_corrupt', false, 'The SQLite database is damaged: restore it from a backup'],
  ['SQLITE_NOTADB', 'storage_corrupt', false, 'The file is not a SQLite database, or it is damaged'],
  [
    'SQLITE_READONLY',
    'storage_readonly',
    false,
    'The SQLite database cannot be written: check the permissions of the file and its folder',
  ],
  [
    'SQLITE_PERM',
    'storage_readonly',
    false,
    'The SQLite database cannot be written: check the permissions of the file and its folder',
  ],
  [
    'SQLITE_CANTOPEN',
    'storage_failed',
    false,
    'The SQLite database cannot be opened: check the path, and that its folder exists',
  ],
  ['SQLITE_IOERR', 'storage_failed', true, 'Reading or writing the SQLite database failed'],
];

/** `outcome` holds where the code does not know better: a full disk or a lost race has written nothing. */
export function storageError(cause: unknown, outcome: StorageError['outcome'] = 'not-applied'): StorageError {
  if (cause instanceof StorageError) return cause;
  const native = nativeCode(cause);
  const [, code, retryable, message] = known.find(([start]) => native.startsWith(start)) ?? [
    '',
    'storage_failed' as const,
    false,
    'The SQLite database refused the call',
  ];
  const certain = code === 'storage_full' || code === 'storage_busy';
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new StorageError(
    code,
    `${message} (${detail})`,
    { retryable, outcome: certain ? 'not-applied' : outcome },
    { cause },
  );
}

export function refused(code: StorageErrorCode, message: string, retryable = false): StorageError {
  return new StorageError(code, message, { retryable, outcome: 'not-applied' });
}

export function isBusy(cause: unknown): boolean {
  return /^(SQLITE_(BUSY|LOCKED)|storage_busy)/.test(nativeCode(cause));
}

function nativeCode(cause: unknown): string {
  const { code } = Object(cause) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}
