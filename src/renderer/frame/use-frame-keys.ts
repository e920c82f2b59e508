import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { tinykeys } from "tinykeys";
import { isForPage } from "#renderer/ui/use-keys.ts";
import { SCREENS } from "./screens.ts";

type Actions = { requestScan: () => void; openHelp: () => void; openInspect: () => void };

/**
 * The keys that work on every screen: `g` and a letter to go somewhere, and what the header offers.
 * The sequence stands first: a letter that ends it does nothing else. It is one binding for all letters, since
 * tinykeys 4 forgets those of several that stand behind the one that fired.
 */
export function useFrameKeys({ requestScan, openHelp, openInspect }: Actions): void {
  // Not useNavigate, which is another function after each move: subscribing anew forgets a `g` that was pressed.
  const router = useRouter();
  useEffect(() => {
    const onPage = (act: (key: string) => void) => (event: KeyboardEvent) => {
      event.preventDefault();
      act(event.key.toLowerCase());
    };
    const goTo = (key: string) => {
      const screen = SCREENS.find((each) => each.key === key);
      if (screen) void router.navigate({ to: screen.to });
    };
    return tinykeys(
      window,
      {
        [`g ([${SCREENS.map(({ key }) => key).join("")}])`]: onPage(goTo),
        c: onPage(() => requestScan()),
        s: onPage(() => requestScan()),
        "[Shift]+?": onPage(openHelp),
        "$mod+i": onPage(openInspect),
        "$mod+,": onPage(goTo),
      },
      // Before the keys of a list hear of a letter that ends a sequence.
      { ignore: (event) => !isForPage(event), capture: true },
    );
  }, [router, requestScan, openHelp, openInspect]);
}
