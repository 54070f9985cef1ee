// SPDX-License-Identifier: Apache-2.0
// What the packages of stream.ts get for `events`: that of node:events.

host.load("node_events");
export const EventEmitter = host.node.modules["events"];
