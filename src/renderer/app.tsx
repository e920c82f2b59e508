import { RouterProvider } from "@tanstack/react-router";
import { useConnection, useConnectionSentence, useConnectionState } from "./api/connection.ts";
import { Stopped } from "./frame/lost-page.tsx";
import type { createScreens } from "./routes.tsx";

export function App({ screens }: { screens: ReturnType<typeof createScreens> }) {
  const state = useConnectionState();
  const sentence = useConnectionSentence();
  const { retry } = useConnection();
  if (state === "stopped" || state === "ended")
    return <Stopped state={state} sentence={sentence} onRetry={retry} />;
  return <RouterProvider router={screens} />;
}
