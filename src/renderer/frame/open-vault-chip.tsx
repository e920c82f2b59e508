import { UnstyledButton } from "@mantine/core";
import { IconLockOpen2 } from "@tabler/icons-react";
import { useEffect } from "react";
import { tinykeys } from "tinykeys";
import { useLock, useVault } from "#renderer/features/settings/vault-queries.ts";
import chip from "#renderer/ui/header-chip.module.css";
import { toast } from "#renderer/ui/toast.tsx";

/** Says on every screen that the vault is open. It and its key lock it, wherever the focus is. */
export function OpenVaultChip() {
  const { data } = useVault();
  const { mutate } = useLock();
  const isOpen = data?.state === "open";
  useEffect(() => {
    if (!isOpen) return;
    return tinykeys(
      window,
      {
        "$mod+l": (event) => {
          event.preventDefault();
          mutate(undefined, { onSuccess: () => toast("The vault is locked") });
        },
      },
      { capture: true },
    );
  }, [isOpen, mutate]);
  if (!isOpen) return null;
  return (
    <UnstyledButton
      className={chip.chip}
      title="Lock the vault (Ctrl+L)"
      onClick={() => mutate(undefined, { onSuccess: () => toast("The vault is locked") })}
    >
      <IconLockOpen2 size={15} aria-hidden /> Vault open
    </UnstyledButton>
  );
}
