/* relations.c - the net of relations between companies and people, walked from any node. */
#include "customers.h"

#include <stdio.h>
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
struct edge {
    int64_t id;
    size_t at[2]; /* its nodes; NODES: there was no room for that one */
    const char *kind;
};
struct graph {
    struct node node[NODES];
    size_t n, done; /* nodes before done have been walked from */
    struct edge edge[EDGES];
    size_t edges;
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

static void take_edge(struct graph *g, const struct berth_row *r)
{
    struct edge *e = &g->edge[g->edges];
    int64_t id = berth_number(r, "id");

    for (size_t i = 0; i < g->edges; i++)
        if (g->edge[i].id == id)
            return;
    *e = (struct edge){.id = id, .kind = host->get(r, "kind").s};
    for (int i = 0; i < 2; i++) {
        int64_t company = berth_number(r, ends[i][0]);

        e->at[i] = company != 0 ? node_at(g, false, company) : node_at(g, true, berth_number(r, ends[i][1]));
    }
    g->edges++;
}

/* "id in (3, 7)" of the companies or the people that were not walked from yet (seen: and may be seen); NULL: none. */
static const char *those(struct berth_ctx *c, const struct graph *g, const char *field, bool person, bool seen)
{
    char *list = host->alloc(c, (g->n - g->done) * 22 + 1);
    size_t len = 0;

    for (size_t i = g->done; i < g->n; i++)
        if (g->node[i].person == person && (!seen || g->node[i].seen))
            len += (size_t)sprintf(list + len, "%s%lld", len > 0 ? "," : "", (long long)g->node[i].id);
    return len == 0 ? NULL : host->fmt(c, "%s in (%s)", field, list);
}

/* Nodes that the user may not see stay out, and so does what lies behind them. */
static int walk(struct berth_ctx *c, void *arg)
{
    struct graph *g = arg;
    size_t to = g->n;
    struct berth_rows *rows[4] = {0};

    for (int i = 0; i < 4; i++) {
        const char *where = those(c, g, ends[i / 2][i % 2], i % 2 == 1, true);

        if (where != NULL)
            rows[i] = host->find(c, "party_relation", host->fmt(c, "%s order by id limit %d", where, EDGES), BERTH_NOARGS);
    }
    for (int i = 0; i < 4; i++)
        for (struct berth_row *r; g->edges < EDGES && (r = host->next(rows[i])) != NULL;)
            take_edge(g, r);
    g->done = to;
    return host->rc(c);
}

static void look(struct berth_ctx *c, struct graph *g)
{
    static const char *const tables[] = {"customer", "contact"};

    for (int person = 0; person < 2; person++) {
        const char *where = g->done == g->n ? NULL : those(c, g, "id", person, false);
        struct berth_rows *rows =
            where == NULL ? NULL : host->find(c, tables[person], host->fmt(c, "%s limit %d", where, NODES), BERTH_NOARGS);

        for (struct berth_row *r; (r = host->next(rows)) != NULL;) {
            struct node *n = &g->node[node_at(g, person, berth_number(r, "id"))];

            n->seen = true;
            n->title = host->get(r, "name").s;
        }
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

static void tell_link(struct berth_ctx *c, const struct graph *g, const struct edge *e)
{
    for (int i = 0; i < 2; i++)
        if (e->at[i] >= g->n || !g->node[e->at[i]].seen)
            return;
    host->json_open(c, NULL, '{');
    host->json(c, "id", berth_i(e->id));
    host->json(c, "from", node_name(c, &g->node[e->at[0]]));
    host->json(c, "to", node_name(c, &g->node[e->at[1]]));
    host->json(c, "kind", (struct berth_val){BERTH_PICK, -1, {.s = e->kind}});
    host->json(c, "label", berth_s(host->tr(c, host->fmt(c, "customers.relation.%s", e->kind))));
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
        tell_link(c, g, &g->edge[i]);
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
    bool person = table.type != BERTH_NULL && strcmp(table.s, "contact") == 0,
         company = table.type == BERTH_NULL || strcmp(table.s, "customer") == 0;
    int64_t id = whole(c, "id", 0);
    int hops = (int)whole(c, "hops", 2);

    if (!person && !company)
        return host->error(c, BERTH_INVALID, "table", "customers.err.relation_table");
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
