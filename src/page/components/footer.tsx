/** What the page does not say elsewhere: what its probabilities mean, and whom it talks to. */
export function Footer({ licences }: { licences: string }) {
  return (
    <footer>
      <p>
        Probabilities are the model's own, before temperature, top p and penalties reshape them. The same seed gives the same text. The page
        sends nothing to any other server. <a href={licences}>Licences</a>
      </p>
    </footer>
  );
}
