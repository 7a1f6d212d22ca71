/* relations.c - the net of relations between companies and people, walked from any node. */
#include "customers.h"

#include <stdlib.h>

static const char *const ends[2][2] = {{"from_customer_id", "from_contact_id"}, {"to_customer_id", "to_contact_id"}};

/* A company or a person at each end. */
int relation_check(struct berth_ctx *c, struct berth_event *ev)
{
    struct berth_row *r = ev->row;

    for (int i = 0; i < 2; i++)
        if (berth_is_empty(r, ends[i][0]) == berth_is_empty(r, ends[i][1]))
            return host->error(c, BERTH_INVALID, ends[i][0], "customers.err.relation_end");
    if (berth_number(r, ends[0][0]) == berth_number(r, ends[1][0]) && berth_number(r, ends[0][1]) == berth_number(r, ends[1][1]))
        return host->error(c, BERTH_INVALID, "to_customer_id", "customers.err.relation_self");
    if (!berth_is_empty(r, "until_on") && berth_number(r, "until_on") < berth_number(r, "since_on"))
        return host->error(c, BERTH_INVALID, "until_on", "customers.err.contract");
    return host->rc(c);
}

/* ---- walking ------------------------------------------------------------------------------ */
enum { NODES = 400, EDGES = 1000, HOPS = 3 };

struct node {
    bool person;
    int64_t id;
    bool seen; /* by the user */
    const char *title;
};
struct graph {
    struct node node[NODES];
    size_t n, done; /* nodes before done have been walked from */
    struct berth_row *edge[EDGES];
    size_t edges;
    int hops;
};

static size_t node_at(struct graph *g, bool person, int64_t id)
{
    size_t i = 0;

    while (i < g->n && (g->node[i].id != id || g->node[i].person != person))
        i++;
    if (i == g->n && g->n < NODES)
        g->node[g->n++] = (struct node){.person = person, .id = id};
    return i;
}

static bool has_edge(const struct graph *g, int64_t id)
{
    for (size_t i = 0; i < g->edges; i++)
        if (berth_number(g->edge[i], "id") == id)
            return true;
    return false;
}

static void take_edge(struct graph *g, struct berth_row *r)
{
    if (g->edges == EDGES || has_edge(g, berth_number(r, "id")))
        return;
    g->edge[g->edges++] = r;
    for (int i = 0; i < 2; i++)
        node_at(g, berth_is_empty(r, ends[i][0]), berth_number(r, berth_is_empty(r, ends[i][0]) ? ends[i][1] : ends[i][0]));
}

/* Nodes that the user may not see stay out, and so does what lies behind them. */
static int walk(struct berth_ctx *c, void *arg)
{
    struct graph *g = arg;
    size_t from = g->done, to = g->n;

    for (size_t i = from; i < to; i++) {
        if (!g->node[i].seen)
            continue;
        for (int e = 0; e < 2; e++) {
            struct berth_rows *rows = host->find(c, "party_relation", host->fmt(c, "%s = ? order by id limit 500",
                                                 ends[e][g->node[i].person]), BERTH_ARGS(berth_i(g->node[i].id)));

            for (struct berth_row *r; (r = host->next(rows)) != NULL;)
                take_edge(g, r);
        }
    }
    g->done = to;
    return host->rc(c);
}

static void look(struct berth_ctx *c, struct graph *g)
{
    static const char *const tables[] = {"customer", "contact"};

    for (size_t i = g->done; i < g->n; i++) {
        struct berth_row *r = host->next(host->find(c, tables[g->node[i].person], "id = ?", BERTH_ARGS(berth_i(g->node[i].id))));

        g->node[i].seen = r != NULL;
        g->node[i].title = r == NULL ? NULL : host->get(r, "name").s;
    }
}

/* ---- telling -------------------------------------------------------------------------------- */
static struct berth_val node_name(struct berth_ctx *c, const struct node *n)
{
    return berth_s(host->fmt(c, "%s:%lld", n->person ? "contact" : "customer", (long long)n->id));
}

static void tell_node(struct berth_ctx *c, const struct node *n)
{
    host->json_open(c, NULL, '{');
    host->json(c, "node", node_name(c, n));
    host->json(c, "table", berth_s(n->person ? "contact" : "customer"));
    host->json(c, "id", berth_i(n->id));
    host->json(c, "title", berth_s(n->title));
    host->json_close(c);
}

static void tell_link(struct berth_ctx *c, struct graph *g, const struct berth_row *r)
{
    size_t at[2];

    for (int e = 0; e < 2; e++) {
        at[e] = node_at(g, berth_is_empty(r, ends[e][0]), berth_number(r, berth_is_empty(r, ends[e][0]) ? ends[e][1] : ends[e][0]));
        if (at[e] >= g->n || !g->node[at[e]].seen)
            return;
    }
    host->json_open(c, NULL, '{');
    host->json(c, "id", host->get(r, "id"));
    host->json(c, "from", node_name(c, &g->node[at[0]]));
    host->json(c, "to", node_name(c, &g->node[at[1]]));
    host->json(c, "kind", host->get(r, "kind"));
    host->json(c, "label", berth_s(host->tr(c, host->fmt(c, "customers.relation.%s", host->get(r, "kind").s))));
    host->json_close(c);
}

static int tell(struct berth_ctx *c, struct graph *g)
{
    host->json_open(c, NULL, '{');
    host->json_open(c, "nodes", '[');
    for (size_t i = 0; i < g->n; i++)
        if (g->node[i].seen)
            tell_node(c, &g->node[i]);
    host->json_close(c);
    host->json_open(c, "links", '[');
    for (size_t i = 0; i < g->edges; i++)
        tell_link(c, g, g->edge[i]);
    host->json_close(c);
    return host->json_close(c);
}

static int64_t whole(struct berth_ctx *c, const char *name, int64_t dflt)
{
    struct berth_val v = host->param(c, name);
    char *end;
    long long n;

    if (v.type == BERTH_NULL)
        return dflt;
    n = v.type == BERTH_INT ? v.i : strtoll(v.s, &end, 10);
    if (n <= 0 || (v.type != BERTH_INT && *end != '\0'))
        host->error(c, BERTH_INVALID, name, "err.number");
    return n;
}

/* GET /api/relations?table=customer&id=7&hops=2: nodes and links around one, as far as one may see. */
int relation_graph(struct berth_ctx *c)
{
    struct graph *g = host->alloc(c, sizeof(*g));
    struct berth_val table = host->param(c, "table");
    bool person = table.type != BERTH_NULL && strcmp(table.s, "contact") == 0;
    int64_t id = whole(c, "id", 0);
    int hops = (int)whole(c, "hops", 2);

    if (host->rc(c) != BERTH_OK)
        return host->rc(c);
    node_at(g, person, id);
    look(c, g);
    if (!g->node[0].seen)
        return host->error(c, BERTH_NOT_FOUND, NULL, "err.not_found");
    for (int i = 0; i < hops && i < HOPS && host->rc(c) == BERTH_OK; i++) {
        host->all_rows(c, walk, g);
        look(c, g);
    }
    return host->rc(c) == BERTH_OK ? tell(c, g) : host->rc(c);
}
