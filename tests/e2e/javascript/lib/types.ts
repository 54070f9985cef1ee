// SPDX-License-Identifier: Apache-2.0
export interface Shape {
  corners: number;
}
export const square: Shape = { corners: 4 };
