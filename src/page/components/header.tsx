/** The site's name, and links to its other pages. */
export function Header() {
  return (
    <header class="top">
      <a class="brand" href="/" aria-label="gpt-edge, home">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M3 6h26v5H3z" class="bar-1" />
          <path d="M3 13.5h15v5H3z" class="bar-2" />
          <path d="M20.5 13.5H29v5h-8.5z" class="bar-3" />
          <path d="M3 21h10v5H3z" class="bar-1" />
        </svg>
        gpt-edge
      </a>
      <nav aria-label="Site">
        <a href="/docs">API reference</a>
        <a href="/openapi.json">OpenAPI</a>
      </nav>
    </header>
  );
}
