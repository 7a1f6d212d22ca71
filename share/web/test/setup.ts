// setup.ts - what the browser has and happy-dom lacks.
const proto = HTMLElement.prototype as unknown as Record<string, unknown>
proto.showPopover ??= function () {}
proto.hidePopover ??= function () {}
proto.scrollIntoView ??= function () {}
