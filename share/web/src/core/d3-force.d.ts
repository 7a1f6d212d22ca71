// d3-force.d.ts - the little of d3-force that the graph uses.
declare module 'd3-force' {
  export interface Body { x?: number; y?: number; vx?: number; vy?: number; fx?: number | null; fy?: number | null; index?: number }
  interface Force { (alpha: number): void }
  interface Links<N, L> extends Force { id(f: (n: N) => string): this; links(l: L[]): this; distance(d: number): this; strength(s: number): this }
  interface Strong extends Force { strength(s: number): this }
  interface Simulation<N> {
    nodes(n: N[]): this
    force(name: string, f: Force | null): this
    alpha(a: number): this
    alpha(): number
    alphaMin(): number
    alphaDecay(d: number): this
    stop(): this
    tick(n?: number): this
  }
  export function forceSimulation<N extends Body>(nodes?: N[]): Simulation<N>
  export function forceLink<N extends Body, L>(links: L[]): Links<N, L>
  export function forceManyBody(): Strong
  export function forceCollide(r: number): Force
  export function forceX(x: number): Strong
  export function forceY(y: number): Strong
}
