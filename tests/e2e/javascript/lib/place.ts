// SPDX-License-Identifier: Apache-2.0
export const where: string = "file";
