/** What holds for all of the page. */
export function Footer({ licences }: { licences: string }) {
  return (
    <footer>
      <p>
        Probabilities are the model's own, before temperature, top p and penalties reshape them. The same seed gives the same text. Nothing
        leaves this origin. <a href={licences}>Licences</a>
      </p>
    </footer>
  );
}
