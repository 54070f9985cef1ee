// SPDX-License-Identifier: Apache-2.0
// The bundle `legacy`: encodings that are not Unicode's, by their labels (Encoding standard, 4.2), by @exodus/bytes.

import { TextDecoder } from "@exodus/bytes/encoding.js";

host.web.legacy = (label, fatal) => {
  try {
    return new TextDecoder(label, { fatal, ignoreBOM: true });
  } catch {
    return undefined;
  }
};
