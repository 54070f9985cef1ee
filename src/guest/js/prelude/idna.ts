// SPDX-License-Identifier: Apache-2.0

import * as tr46 from "tr46";

Object.assign(host, { idna: tr46 });
