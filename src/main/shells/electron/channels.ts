/** Every channel between the window and its page. There are no others. */
export const CHANNELS = {
  /** The page asks; see DesktopRequest. */
  request: "latchkey:request",
  /** The window tells; see DesktopMessage. */
  message: "latchkey:message",
  /** A port to the core comes along. */
  port: "latchkey:port",
} as const;
