export function gz(file: string): Buffer
