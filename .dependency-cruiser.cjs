/** Imports go one way; docs/architecture.md draws it. Each rule says what to do instead. */
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one concept, or miss a third one that both need: find it.',
      severity: 'error',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] }
    },
    {
      name: 'schemas-stand-alone',
      comment: 'The wire contract depends on typebox and nothing else: put code that uses it into src/.',
      severity: 'error',
      from: { path: '^schemas/' },
      to: { pathNot: ['^schemas/', '^node_modules/typebox/'] }
    },
    {
      name: 'mathematics-is-pure',
      comment: 'src/lstm is the reference: it knows matrices and errors, no kernel, no wire, no Node.',
      severity: 'error',
      from: { path: '^src/lstm/' },
      to: { pathNot: ['^src/lstm/', '^src/errors\\.ts$'] }
    },
    {
      name: 'kernels-know-only-mathematics',
      comment: 'A kernel gets rows and weights: what needs a job, a set or a tensor belongs above it.',
      severity: 'error',
      from: { path: '^src/kernels/' },
      to: { pathNot: ['^src/kernels/', '^src/lstm/', '^src/errors\\.ts$', '^node:', '^[a-z_]+$'] }
    },
    {
      name: 'codec-knows-no-model',
      comment: 'The codec turns bytes into tensors and back: what a tensor means belongs to src/protocols.',
      severity: 'error',
      from: { path: '^src/codec/' },
      to: { path: '^src/', pathNot: ['^src/codec/', '^src/errors\\.ts$'] }
    },
    {
      name: 'http-side-computes-nothing',
      comment: 'The HTTP thread moves bytes: hand the work to the pool as an operation.',
      severity: 'error',
      from: { path: '^src/(routes|plugins|sequences|app\\.ts|server\\.ts|config\\.ts)' },
      to: {
        path: '^src/(kernels|lstm|codec|protocols|engine/(worker|stepper|job))',
        // how a call of a protocol and a state are written is known to both sides, and what a set is says the HTTP side alone
        pathNot: '^src/protocols/v2/(call|state-head|model-metadata|statistics|version)\\.ts$',
        dependencyTypesNot: ['type-only']
      }
    },
    {
      name: 'worker-side-knows-no-http',
      comment:
        'Protocols, codec, engine and kernels run in workers: what they need from a request goes into the operation.',
      severity: 'error',
      from: { path: '^src/(protocols|codec|engine|kernels|lstm|parameters)/' },
      to: {
        path: ['^src/(routes|plugins|sequences|app\\.ts|server\\.ts|config\\.ts)', '^node_modules/(@fastify|fastify)']
      }
    },
    {
      name: 'no-dev-dependencies',
      comment: 'What the service needs at run time is a dependency in package.json.',
      severity: 'error',
      from: { path: '^(src|schemas)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown'] }
    }
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/.*/wasm/assembly/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] }
  }
}
