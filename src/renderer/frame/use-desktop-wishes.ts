import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { type DesktopWish, useDesktop } from "#renderer/api/desktop.ts";
import type { GivenFile } from "#renderer/api/given-files.ts";
import { toAddress } from "#renderer/api/row-address.ts";
import { assertNever } from "#shared/model/assert-never.ts";

type Actions = {
  requestScan: () => void;
  openHelp: () => void;
  inspect: (files: readonly GivenFile[]) => void;
};

/** Does what the desktop window asks for: its menu, links of other programs, files that it was given. */
export function useDesktopWishes({ requestScan, openHelp, inspect }: Actions): void {
  const desktop = useDesktop();
  const router = useRouter();
  useEffect(() => {
    const carryOut = (wish: DesktopWish) => {
      switch (wish.kind) {
        case "go":
          return void router.navigate(toAddress(wish));
        case "command":
          return { scan: requestScan, inspect: () => inspect([]), shortcuts: openHelp }[wish.command]();
        case "file":
          return inspect([{ name: wish.name, read: async () => wish.base64 }]);
        case "unreadable-file":
          return inspect([{ name: wish.name, read: () => Promise.reject(new Error(wish.sentence)) }]);
        default:
          return assertNever(wish);
      }
    };
    return desktop?.onWish(carryOut);
  }, [desktop, router, requestScan, openHelp, inspect]);
}
