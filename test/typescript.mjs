/** Lets Node run TypeScript, in worker threads too (tsx's own loader leaves those out): node --import ./test/typescript.mjs FILE. */
import { register } from 'tsx/esm/api';

register();
