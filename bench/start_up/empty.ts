/** Nothing: what the runtime takes to start and to end. Imported, what an import takes. */

export {};
