// SPDX-License-Identifier: Apache-2.0
import { back } from "./awaits_back";

export const answer: number = await Promise.resolve(42);
export default class Thing {
  name = "thing";
}
export { back };
