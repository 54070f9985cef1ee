// SPDX-License-Identifier: Apache-2.0
// What the packages of stream.ts get for `buffer`: that of node:buffer, whose Buffer everybody has.

host.load("node_buffer");
const { Buffer, SlowBuffer, kMaxLength } = host.node.modules["buffer"] as Record<string, unknown>;
export { Blob, Buffer, kMaxLength, SlowBuffer };
const Blob = globalThis.Blob;
