// SPDX-License-Identifier: Apache-2.0
import { a } from "./cycle_a";

export const b = "b";
export const other = (): string => a + b;
