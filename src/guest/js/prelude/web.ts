// SPDX-License-Identifier: Apache-2.0
// The web platform, as every realm has it. What is large is in bundles of its own, which are loaded when it is touched.

import { AbortController, AbortSignal } from "./abort";
import "./clone";
import { installConsole } from "./console";
import "./crypto";
import { define, defineLazily } from "./define";
import "./dispose";
import { DOMException } from "./dom_exception";
import "./encoding";
import { CloseEvent, CustomEvent, ErrorEvent, Event, EventTarget, MessageEvent, PromiseRejectionEvent } from "./events";
import "./fetch";
import { Headers } from "./headers";
import { installTime } from "./time";
import "./url";

define({
  self: globalThis,
  AbortController,
  AbortSignal,
  CloseEvent,
  CustomEvent,
  DOMException,
  ErrorEvent,
  Event,
  EventTarget,
  Headers,
  MessageEvent,
  PromiseRejectionEvent,
  navigator: { userAgent: "Backlot" },
  reportError: (error: unknown) => host.console.uncaught(error),
});
installTime();
installConsole();
defineLazily("forms", ["Blob", "File", "FileReader", "FormData", "ProgressEvent"]);
defineLazily("messages", ["BroadcastChannel", "MessageChannel", "MessagePort"]);
defineLazily("performance", [
  "PerformanceEntry", "PerformanceMark", "PerformanceMeasure", "PerformanceObserver", "PerformanceObserverEntryList",
]);
defineLazily("urlpattern", ["URLPattern"]);
defineLazily("streams", [
  "ByteLengthQueuingStrategy", "CompressionStream", "CountQueuingStrategy", "DecompressionStream", "ReadableByteStreamController",
  "ReadableStream",
  "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest", "ReadableStreamDefaultController", "ReadableStreamDefaultReader",
  "TextDecoderStream", "TextEncoderStream", "TransformStream", "TransformStreamDefaultController", "WritableStream",
  "WritableStreamDefaultController", "WritableStreamDefaultWriter",
]);
