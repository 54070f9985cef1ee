// SPDX-License-Identifier: Apache-2.0
// node:path and node:path/posix, which are the same here (path-browserify).

import path from "path-browserify";

const posix = path as unknown as Record<string, unknown>;
posix["toNamespacedPath"] = (name: unknown) => name;
posix["posix"] = posix;
posix["win32"] = null;
host.node.modules["path"] = posix;
host.node.modules["path/posix"] = posix;
