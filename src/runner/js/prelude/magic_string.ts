// SPDX-License-Identifier: Apache-2.0

import MagicString from "magic-string";

(host as unknown as { magicString: unknown }).magicString = MagicString;
