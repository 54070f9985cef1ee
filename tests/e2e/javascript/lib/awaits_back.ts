// SPDX-License-Identifier: Apache-2.0
import { answer } from "./awaits";

export const back = (): number => answer;
