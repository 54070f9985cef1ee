// SPDX-License-Identifier: Apache-2.0
// Stands in for the package tinybench, which Vitest imports for benchmarks, that nobody can run here.

export {};
