import { contextBridge, ipcRenderer } from "electron";
import { exposeBridge, type PreloadWorld } from "./bridge.ts";

/** This file runs beside the page, where there is a window, which Node's types lack. */
type World = PreloadWorld<(typeof MessagePort)["prototype"]>;
const page = globalThis as unknown as World["page"];

exposeBridge({
  ipcRenderer: ipcRenderer as World["ipcRenderer"],
  contextBridge,
  page: { origin: page.origin, postMessage: page.postMessage.bind(page) },
});
