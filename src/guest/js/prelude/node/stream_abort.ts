// SPDX-License-Identifier: Apache-2.0
// What the packages of stream.ts get for `abort-controller`: the web's.

export const AbortController = globalThis.AbortController;
export const AbortSignal = globalThis.AbortSignal;
