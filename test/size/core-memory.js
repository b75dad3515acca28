export * from '@perdure/core';
export * from '@perdure/memory';
