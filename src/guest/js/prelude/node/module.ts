// SPDX-License-Identifier: Apache-2.0
// node:module: createRequire(), and which modules are built in.

import { builtinModules, isNodeModule } from "./builtins";

function createRequire(from: unknown): unknown {
  const text = String(from);
  const path = text.startsWith("file://") ? decodeURIComponent(new URL(text).pathname) : text;
  if (!path.startsWith("/"))
    throw new TypeError(`The argument 'filename' must be a file URL object, file URL string, or absolute path string. Received '${text}'`);
  return host.node.require!(path);
}

host.node.modules["module"] = { builtinModules, createRequire, isBuiltin: (name: unknown) => isNodeModule(String(name)) };
