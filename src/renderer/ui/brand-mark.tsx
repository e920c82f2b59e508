/** The mark of public/icon.svg, drawn here because the page shows it when no server is left to fetch a file from. */
export function BrandMark({ size }: { size: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#0b7285" />
      <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
        <circle cx="11.5" cy="20.5" r="4.5" />
        <path d="M15 17 23.5 8.5M19.5 12.5l3 3" />
      </g>
    </svg>
  );
}
