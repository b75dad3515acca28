// Who may import what. The floors of the core, from the ground up:
//   model < codec | storage < replay < runtime < observe < api
const core = (...floors) => `^packages/core/src/(${floors.join('|')})/`;
const tests = '\\.(test|browser\\.test|dom\\.test|test-d|testkit)\\.ts$';

/** A floor of the core, and the floors and packages that it may import besides itself. */
const floor = (name, floors, packages, comment) => [
  {
    name: `core-${name}`,
    comment,
    severity: 'error',
    from: { path: core(name), pathNot: tests },
    to: {
      path: '^packages/core/src/',
      pathNot: core(name, ...floors),
    },
  },
  {
    name: `core-${name}-packages`,
    comment: `${name}: ${packages.length === 0 ? 'no package at all' : `only ${packages.join(', ')}`}`,
    severity: 'error',
    from: { path: core(name), pathNot: tests },
    to: {
      // What does not resolve has a rule of its own.
      couldNotResolve: false,
      pathNot: ['^packages/core/src/', ...packages.map((one) => `(^|/)node_modules/${one}/`)],
    },
  },
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two modules that need each other are one module, or hide a third. Types count too.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'Every import leads somewhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^#storage$' },
    },
    ...floor('model', [], [], 'model: pure data, imports nothing'),
    ...floor('storage', ['model'], [], 'storage: the port and its types; knows the model only'),
    ...floor(
      'codec',
      ['model'],
      ['superjson', '@standard-schema'],
      'codec: values and stored bytes; a sibling of storage, neither imports the other',
    ),
    ...floor('replay', ['model', 'codec'], ['@standard-schema'], 'replay: pure; it never sees the store'),
    ...floor(
      'runtime',
      ['model', 'codec', 'storage', 'replay'],
      ['@standard-schema'],
      'runtime: the imperative shell',
    ),
    ...floor(
      'observe',
      ['model', 'codec', 'storage', 'runtime'],
      ['rxjs'],
      'observe: the only floor that runs RxJS',
    ),
    ...floor(
      'api',
      ['model', 'codec', 'storage', 'replay', 'runtime', 'observe'],
      ['rxjs', '@standard-schema'],
      'api: what users import',
    ),
    {
      name: 'core-api-rxjs-types',
      comment: 'api names RxJS types; only observe runs RxJS.',
      severity: 'error',
      from: { path: core('api'), pathNot: tests },
      to: { path: '(^|/)node_modules/rxjs/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'storage-entry',
      comment: '@perdure/core/storage is for adapters: the port, the model, and nothing that runs workflows.',
      severity: 'error',
      from: { path: '^packages/core/src/storage\\.ts$' },
      to: { pathNot: core('model', 'storage') },
    },
    {
      name: 'core-no-entry-from-inside',
      comment: 'The entries are for users; inside the core a module is imported from where it lives.',
      severity: 'error',
      from: { path: core('model', 'storage', 'codec', 'replay', 'runtime', 'observe', 'api') },
      to: { path: '^packages/core/src/[^/]+\\.ts$' },
    },
    {
      name: 'core-no-platform',
      comment: 'The core runs everywhere: no module of Node, tests excepted.',
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'adapters-only-the-port',
      comment: 'An adapter knows the port (@perdure/core/storage) and nothing else of the house.',
      severity: 'error',
      from: { path: '^adapters/([^/]+)/src/', pathNot: tests },
      to: {
        path: '^(packages|adapters|examples|test)/',
        pathNot: ['^adapters/$1/src/', '^packages/core/src/storage\\.ts$'],
      },
    },
    {
      name: 'adapters-apart',
      comment: 'No adapter imports another, in its tests neither.',
      severity: 'error',
      from: { path: '^adapters/([^/]+)/src/' },
      to: { path: '^adapters/', pathNot: '^adapters/$1/' },
    },
    {
      name: 'inspector-on-its-own',
      comment: 'A page loads the inspector as it is: of the core it knows the types.',
      severity: 'error',
      from: { path: '^packages/inspector/src/', pathNot: tests },
      to: { pathNot: '^packages/inspector/src/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'cli-on-top',
      comment: 'The command line is for people: nothing of the house imports it.',
      severity: 'error',
      from: { pathNot: '^packages/cli/' },
      to: { path: '^packages/cli/' },
    },
    {
      name: 'packages-by-name',
      comment: 'One package imports another by its name and through its exports, never by a path.',
      severity: 'error',
      from: { path: '^(packages|adapters|examples)/([^/]+)/' },
      to: {
        path: '^(packages|adapters|examples)/[^/]+/',
        pathNot: '^$1/$2/',
        dependencyTypes: ['local'],
        dependencyTypesNot: ['aliased', 'aliased-tsconfig', 'aliased-tsconfig-paths', 'aliased-workspace'],
      },
    },
    {
      name: 'internal-entry',
      comment:
        '@perdure/core/internal promises nothing to anyone but @perdure/testing, @perdure/isolation and the tests of this repository.',
      severity: 'error',
      from: {
        path: '^(packages|adapters|examples)/',
        pathNot: ['^packages/(core|testing|isolation)/', tests],
      },
      to: { path: '^packages/core/src/internal\\.ts$' },
    },
    {
      name: 'no-tests-in-sources',
      comment: 'What is published does not import its tests.',
      severity: 'error',
      from: { path: '^(packages|adapters)/[^/]+/src/', pathNot: tests },
      to: { path: [tests, '^test/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(packages|adapters|examples)/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
    detectProcessBuiltinModuleCalls: true,
  },
};
