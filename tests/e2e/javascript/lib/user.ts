// SPDX-License-Identifier: Apache-2.0
import name, { add } from "./math";

export const sum = (): number => add(1, 2);
export const named = (): string => name();
