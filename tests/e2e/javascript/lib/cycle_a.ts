// SPDX-License-Identifier: Apache-2.0
import { b } from "./cycle_b";

export const a = "a";
export const both = (): string => a + b;
