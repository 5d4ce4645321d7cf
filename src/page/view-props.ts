import type { Playground } from './playground.ts';
import type { PlaygroundState } from './playground-state.ts';

/** What every part of the page that does something is given. */
export interface ViewProps {
  playground: Playground;
  state: PlaygroundState;
}
