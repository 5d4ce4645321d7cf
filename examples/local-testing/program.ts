/** The program to be tested: it asks a model for the title of a story. */
export async function title(story: string, edge: string): Promise<string> {
  const answer = await fetch(`${edge}/v1/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ prompt: `${story}\n\nTitle:`, max_tokens: 8, temperature: 0, stop: '\n' }),
  });
  const { choices, error } = (await answer.json()) as { choices: { text: string }[]; error?: { message: string } };
  if (error) throw new Error(error.message);
  return choices[0].text.trim();
}
