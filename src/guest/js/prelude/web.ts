// SPDX-License-Identifier: Apache-2.0
// The web platform, as every realm has it.

import { define } from "./define";
import { installConsole } from "./console";
import { installTime } from "./time";

define({ self: globalThis });
installTime();
installConsole();
