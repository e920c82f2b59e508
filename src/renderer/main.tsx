import "./no-eval.ts";
import "@fontsource-variable/inter";
import "@fontsource-variable/jetbrains-mono";
import "@mantine/core/styles.css";
import "./theme.css";
import { createTheme, MantineProvider, Menu } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { connectSocket } from "./api/connect-socket.ts";
import {
  ApiContext,
  ConnectionContext,
  connectPort,
  createApi,
  useConnection,
  useConnectionSentence,
  useConnectionState,
} from "./api/connection.ts";
import { DesktopContext, findDesktop } from "./api/desktop.ts";
import { followEvents } from "./api/follow-events.ts";
import { Stopped } from "./frame/lost-page.tsx";
import { createScreens } from "./routes.tsx";
import { CopyContext } from "./ui/fingerprint.tsx";
import { PreferencesProvider } from "./ui/preferences.tsx";
import { NowProvider } from "./ui/when.tsx";

const theme = createTheme({
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    // Within its landmark, and without the hidden placeholder that no menu may hold.
    Menu: Menu.extend({
      defaultProps: {
        withinPortal: false,
        withInitialFocusPlaceholder: false,
        shadow: "md",
        transitionProps: { duration: 80 },
      },
    }),
  },
});
const desktop = findDesktop();
const connection = desktop ? connectPort(desktop, window) : connectSocket();
const api = createApi(connection.client);
const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 5_000 } } });
followEvents(connection, api, queries);
// What was read for a session is kept no longer than the session.
connection.subscribe(() => {
  if (connection.read() === "ended") queries.clear();
});

const copy = (text: string) =>
  desktop ? desktop.request({ kind: "copy", text }) : navigator.clipboard.writeText(text);

const root = document.querySelector("#root");
if (!root) throw new Error("the page has no #root");

// The page's policy refuses <style> elements. Mantine is kept from adding its own here, and theme.css has those rules;
// AppShell, Grid, SimpleGrid, responsive props and locked scrolling add theirs all the same.
createRoot(root).render(
  <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
    <QueryClientProvider client={queries}>
      <ConnectionContext value={connection}>
        <ApiContext value={api}>
          <DesktopContext value={desktop}>
            <CopyContext value={copy}>
              <PreferencesProvider>
                <NowProvider>
                  <App screens={createScreens()} />
                </NowProvider>
              </PreferencesProvider>
            </CopyContext>
          </DesktopContext>
        </ApiContext>
      </ConnectionContext>
    </QueryClientProvider>
  </MantineProvider>,
);

function App({ screens }: { screens: ReturnType<typeof createScreens> }) {
  const state = useConnectionState();
  const sentence = useConnectionSentence();
  const { retry } = useConnection();
  if (state === "stopped" || state === "ended")
    return <Stopped state={state} sentence={sentence} onRetry={retry} />;
  return <RouterProvider router={screens} />;
}
