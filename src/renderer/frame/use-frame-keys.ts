import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { tinykeys } from "tinykeys";
import { isForPage } from "#renderer/ui/use-keys.ts";
import { SCREENS } from "./screens.ts";

/** A letter so soon after `g` belongs to it. */
const SEQUENCE_MS = 1_000;

type Actions = { requestScan: () => void; openHelp: () => void };

/** The keys that work on every screen: `g` and a letter to go somewhere, and what the header offers. */
export function useFrameKeys({ requestScan, openHelp }: Actions): void {
  const navigate = useNavigate();
  useEffect(() => {
    let wentAt = Number.NEGATIVE_INFINITY;
    const when = (act: () => void) => (event: KeyboardEvent) => {
      if (!isForPage(event)) return;
      event.preventDefault();
      act();
    };
    const alone = (act: () => void) => (event: KeyboardEvent) => {
      if (event.timeStamp - wentAt > SEQUENCE_MS) when(act)(event);
    };
    const goings = SCREENS.map(({ key, to }) => [`g ${key}`, when(() => void navigate({ to }))]);
    return tinykeys(window, {
      g: (event) => {
        wentAt = event.timeStamp;
      },
      ...Object.fromEntries(goings),
      c: alone(requestScan),
      s: alone(requestScan),
      "?": when(openHelp),
      "Shift+?": when(openHelp),
      "$mod+,": when(() => void navigate({ to: "/settings" })),
    });
  }, [navigate, requestScan, openHelp]);
}
