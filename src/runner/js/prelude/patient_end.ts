// SPDX-License-Identifier: Apache-2.0

import { setSafeTimers } from "@vitest/utils/timers";
import { impatient } from "./patient_begin";

setSafeTimers();
Object.assign(globalThis, impatient);
