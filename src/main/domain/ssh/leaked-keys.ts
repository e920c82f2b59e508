import type { Collection, KeyFile } from "#domain/collection/collection.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { EvaluatedGrant } from "./effective.ts";
import { readKeyBlob } from "./key-blob.ts";
import { aboutFile, aboutGrant, isHostKey, locationOf } from "./ssh-findings.ts";

/** Keys on a host whose private keys are published: grants, key files and host keys. */
export function findLeakedKeys(collection: Collection, grants: readonly EvaluatedGrant[]): FindingDraft[] {
  const files = collection.keyFiles.filter((file) => !isHostKey(file, collection.hostKeys));
  return [...grants.map(findGrant), ...files.map(findFile), findHostKeys(collection)].filter(
    (finding) => finding !== null,
  );
}

function findGrant(grant: EvaluatedGrant): FindingDraft | null {
  const product = grant.key && findLeak(grant.key.fingerprint);
  if (!product) return null;
  const { state, reasons } = grant.verdict.effective;
  const opens = {
    yes: `whoever has it logs in as ${grant.account}`,
    unknown: `whoever has it may log in as ${grant.account}`,
    no: "sshd refuses the line today",
  }[state];
  return {
    ...aboutGrant(grant),
    rule: "key-leaked",
    severity: state === "no" ? "medium" : "critical",
    sentence: `its private key is published (${product}): ${opens}`,
    evidence: [locationOf(grant), product, ...reasons.slice(0, 1)],
    remedy:
      "remove the line now, from every account that has it, and look in the logs for who came in with it",
  };
}

function findFile(file: KeyFile): FindingDraft | null {
  const fingerprint = file.blob && readKeyBlob(file.blob)?.fingerprint;
  const product = fingerprint ? findLeak(fingerprint) : null;
  if (!product) return null;
  return {
    ...aboutFile(file),
    rule: "key-leaked",
    severity: "high",
    sentence: `this private key is published (${product}): it identifies nobody`,
    evidence: [file.path, product],
    remedy: "make a key of its own, put that where this one is trusted, and delete this file",
  };
}

function findHostKeys({ hostKeys }: Collection): FindingDraft | null {
  const leaked = hostKeys.flatMap(({ path, blob }) => {
    const key = readKeyBlob(blob);
    const product = key && findLeak(key.fingerprint);
    return product ? [{ path, product, key }] : [];
  });
  const [first] = leaked;
  if (!first) return null;
  return {
    about: { kind: "host" },
    label: first.key.fingerprint,
    rule: "host-key-leaked",
    severity: "critical",
    sentence: `the private key of this host is published (${first.product}): anybody on the way can pose as this host`,
    evidence: leaked.map(({ path, product, key }) => `${path}: ${key.fingerprint} (${product})`),
    members: [...new Set(leaked.map(({ key }) => key.fingerprint))],
    remedy: "make new host keys by ssh-keygen -A once the old files are deleted, and restart sshd",
  };
}

/**
 * Keys whose private key anybody can download: what vendors ship in every copy of a product, by fingerprint.
 *
 * Computed from the keys in rapid7/ssh-badkeys (MIT, at cd6f8648) and, for Vagrant's, in hashicorp/vagrant (keys/).
 * No list has every published key: a key that is missing here need not be secret.
 */
const PUBLISHED: readonly (readonly [sha256: string, product: string])[] = [
  // Keys that log in to the product, or to a machine made from it.
  ["/JLp6z6uGE3BPcs70RQob6QOdEWQ6nDC0xY7ejPOCc0", "Array Networks vAPV and vxAG, account sync"],
  [
    "whDP3xjKBEettbDuecxtGsfWBST+78gb6McdB9P7jCU",
    "Barracuda Load Balancer VM, account cluster (CVE-2014-8428)",
  ],
  ["Z+q4XhSwWY7q0BIDVPR1v/S306FjGBsid7tLq/8kIxM", "Ceragon FibeAir IP-10, account mateidu (CVE-2015-0936)"],
  ["uy5wXyEgbRCGsk23+J6f85om7G55Cu3UIPwC7oMZhNQ", "ExaGrid, account root (CVE-2016-1561)"],
  ["9prMbqhS4QteoFQ1ZRJDqSBLWoHXPyKB0iWR05Ghro4", "F5 BIG-IP, account root (CVE-2012-1493)"],
  ["MEc4HfsOlMqJ3/9QMTmrKn5Xj/yfnMITMW8EwfUfTww", "Loadbalancer.org Enterprise VA, account root"],
  ["aPoYT2nPIfhqv6BIlbCCpbDjirBxaDFOtPfZ2K20uWw", "Monroe Electronics DASDEC, account root (CVE-2013-0137)"],
  ["VtjqZ5fiaeoZ3mXOYi49Lk9aO31iT4pahKFP9JPiQPc", "Quantum DXi V1000, account root"],
  ["1M4RzhMyWuFS/86uPY/ce2prh/dVTHW7iD2RhpquOZA", "Vagrant's insecure key"],
  ["WkvqjnyPAeC0cbPErYiGP9vqHdgL1MqqvPdIe3lvHgI", "Vagrant's insecure key"],
  // Host keys that every copy of a product presents.
  ["s5Qw/PocHrvXYHlxaQvSI8lodaJiuCZrTp+KjEUw0tc", "Actiontec Q2000"],
  ["F9KYIspH9Bhy0ohvvWPEgP5HeCUIeZZ5pA+8Xu2Eky8", "Alice 1121"],
  ["lS3HDtLKk215ScnBSvCMqPKyiF9mvP0o3XG7bJXPHIg", "Cisco RV315W"],
  ["RPT99EeL7WwwWvtuzjRJmLQT2DL4zEh8WG/VxUQZhIg", "Cisco RV315W"],
  ["8XeiIuMMG6jRFYywuXqJZiLHIFcWoWN0yXR+fYCoy9A", "Cisco RTP300"],
  ["KI1opHyhNi8e6cj1kBs2K5TuPj6NE5+8o6hcsQjKSY8", "Cisco RTP300"],
  ["9OC9c6oQKFimmPITx++YZ7AbfmZcDAmlhUP/u84wQJQ", "Cisco RV120W"],
  ["Lcl4dCjOz4H377asQgXNBK+kjKgD/RNMVZk0aMh5iYE", "Cisco RV120W"],
  ["BpW4vxx4JMfXNh6PPa9w80x6YsDa7OZ1LcBCRwYJM/g", "Comtrend AR5387UN"],
  ["1T/tv+kuYxJkYpiCsuhb/SE8pLB7gkzTH43h/LjQ3cs", "Ubee EVW3226"],
  ["vmpX3e8939kGt/oufoQQqbJBnC07xxcVQSZaTHGBE84", "Edimax AR-7167"],
  ["BuCSIg4STeG8QYS8dKSXGCQWpHB/Pe7FDRF3WpseB9E", "Edimax AR-7167"],
  ["r0k4QauOKllur1qQApKhU4Vtg8YEkDNS/6TlOulsSKM", "Huawei BM626"],
  ["AogxJW7+Yzu2/Xe2IYAf6VaWRJTBlan754aruVaqp0Q", "Huawei BM626"],
  ["m714YoMFjzLJdHQbu7sRH96Bxo8TzmuAbFqBjUAhECI", "Innacomm W3400V"],
  ["gIJVV2fPBgDqCqTr/+m8B9Hh2KOPvxVoTCM1p6hBwdE", "Linksys X1000"],
  ["csFEfFe32uUoWQLco1YyjRQqpuy1pluZFFvK/Lo1EJo", "Moxa 6150"],
  ["/rr9hHdFl2699bf+yo5oERj1wds/JKyOrHi8txBuEQs", "Moxa IA240"],
  ["IO79IWaJRJC8/ZM2PfpsxzkpOk4+RY0pqbWt0v95hPg", "Moxa IA240"],
  ["+LQ1rkRWS3U5xJbzlCGyuiOoqsfkU3z8sveqU28bOjg", "ONT G4020W"],
  ["HL7HchiArMmCJAyWCYJaL7NRsOkLi+5uzgeTYNp5za4", "Pace V5542"],
  ["0RCgva9fjvPn6TkN89hkVQHIpHkKfvfsGmYtnOgki0g", "Quanta LTE router"],
  ["HboyXnlo62NK5QYnTXT8/rKywPHrSoyvVfKMQIaPnKc", "Sagemcom 2740"],
  ["h1gD8T017XJ19NjY3wD9Vob81jHYUJubf2M23KLU7OU", "Sagemcom SX682"],
  ["TC9ANa1Feew8aA+jxSk0X2V8V7e7fpSrYyL3MXdU7cA", "Seagate GoFlex"],
  ["WtRSB8XG5R0LFE1KvRKV7sa2pTCQBpbVm8W7QLbCb5A", "Seagate GoFlex"],
  ["mzY0RSkZv3Rz5pSZcucTACZEhLko2ahTG2HhkiymQNA", "Telefonica router"],
  ["MQXcP/tTXWJKfrytgQwPZgJyAt0WqdZTjRJ9qBeHQl8", "TP-Link TD-W8960N V1"],
  ["MAQzAYCHIdlpbeld30qcnjU5nVRp42GNVft2YwaJdY0", "TP-Link W8950N"],
  ["iEYIZLsY3MtHzshoEMMdokU6JL6ilrp12zdZpzSf/hs", "TP-Link W8950ND"],
  ["Lb30DJg8YvCnhbVVhw6k/WRtxXKN8+4TVZVQQhDVD7U", "TRENDnet TDM-C500"],
  ["K0ibBdrSRO4qBHLntPb+cg8HXdxceUMYztFDPw6kCH0", "TRENDnet TEW-715APO"],
  ["BHnRC+5WxXWTFjmXxUq/2PLljU8/X9bbcpiNEEk1xG0", "TRENDnet TEW-715APO"],
  ["jkhZ6rCXQMeFOi5A3nYfHXLxYCbGhYSenmSPXZ4nZc8", "TRENDnet TEW-816DRM"],
  ["Kdko2iZS8DAI8ZEYEhlWJOEoJ3J1FVoKIThHuKPxXy8", "TRENDnet TEW-816DRM"],
  ["b4/5uEu8KsFn19ujuzOxxum/zf1lO9apXgJYQHMVwqk", "TRENDnet TV-IP310PI"],
  ["kTEn/MpGqbKcbRbBzhdthwzf1MZGExI4gVWaf9gNbA4", "TRENDnet TV-IP310PI"],
  ["dwjhp1334uoka9DL7ehVPgU7PtZVAPmF0e0xbryla1E", "Westermo MRD-310"],
  ["AKABay46vBa2bhMYZU2V/z5uqlAUXcuBTxMkW4MHd9s", "Westermo MRD-310"],
  ["v4+GWcG3ffxI72Au29EPundqWtdVVHaRwYffOKqYslw", "Zhone 6512-A1"],
  ["zaEfS0zzZ4DyGf0BjXPPkEi+6puzJs73EkbEm3XSSqU", "ZyXEL FSG2200"],
  ["CJ/U/F9xf4ngDgjZL2+OPBoSGZ7gEU18oCjVWPL0qqE", "ZyXEL P870H"],
  ["rGJYhJYrTK6yceV/v20fJCO+FTu8rlECNH3WHqcGQGI", "ZyXEL PMG1006"],
  ["z7xWJ0J6BW3zXhBrdcz0Pi9U88TfSQY/zdPYeyPbxyA", "ZyXEL PMG1006"],
  ["XOWiL0SiIchHnl1UAGqSwR+jwxBPM9ihiBg06Pk0yHg", "ZyXEL SBG3300"],
  ["fKki+o9MyIk8XUThmRfoejJudcef7mGvkooMCBLyqCM", "Advantech EKI"],
  ["4REJomy/ZbGbLVcbZzR/i6CQuzF+EI6DMvu/lHCxh4M", "Kali Linux image for Raspberry Pi 2"],
  ["d7Bv1O73pvsg7+XusOpsZ6edG3FBQ9KudBiNDBNKJHU", "Moovbox"],
  ["HCKmculX8PrmEXYtnKn3xMnHdnHC/A7+gceWmZNnq0A", "Moovbox"],
  ["wuCw9eo7BPNjjv7e8qmXryjpZ9MGspIwmu8KoSH/Tis", "Tandberg VCS"],
  ["aKZMxi51eXUYwJRXJ01Jy+iL6QLyhFUaMOG0cSSKJYc", "ZyXEL Q100"],
  ["Gh0eIu1Aym/yqjFYOrnTBfhYI7b++0NQIvkjwsGfFvI", "ZyXEL VMG1312"],
];

const PRODUCTS: ReadonlyMap<string, string> = new Map(
  PUBLISHED.map(([sha256, product]) => [`SHA256:${sha256}`, product]),
);

/** The product that ships the key with this fingerprint and its private key; null for a key that is not in the list. */
export const findLeak = (fingerprint: string): string | null => PRODUCTS.get(fingerprint) ?? null;
