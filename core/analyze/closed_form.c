/*
 * The closed forms of dpl_bubble_find, and the conditions under which they hold. Each form in a
 * function of its own, in the letters of dpl.h's manual: P ranks, v stages on each, PP = v P
 * stages, f pairs of pipelines, M micro-batches, C = p2p.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "analyze/analyze.h"

/* Costs of a stage, and sizes, as numbers to calculate with. */
typedef struct terms {
    double P, v, f, PP, M;
    double F, B, I, W, FB, C;
    int64_t stages, chunks; /* PP and M, to count with */
} terms;

static double largest(double a, double b, double c)
{
    return fmax(a, fmax(b, c));
}

/* Strategies whose ranks all do the same work: M forwards and backwards of each of their stages. */
static void set_even(const terms *t, double bubble, dpl_bubble *out)
{
    out->bubble_time = bubble;
    out->mean_bubble_time = bubble;
    out->total_time = t->v * t->M * (t->F + t->B) + bubble;
}

/*
 * Transfers that are waited for in the steady state, beyond one round: every PP micro-batches the
 * first rank waits for a gradient that travels there and back. The two counts are
 * ceil(M / PP) and max(0, (M - 1) mod PP - 1).
 */
static double full_rounds(const terms *t)
{
    int64_t rounds = (t->chunks - 1) / t->stages + 1;
    return (double)rounds;
}

static double begun_round(const terms *t)
{
    int64_t over = (t->chunks - 1) % t->stages - 1;
    return over > 0 ? (double)over : 0;
}

/* ---- Forms; each gives the text of what it used ---- */

/* Huang et al., arXiv 1811.06965; C once for each hop of the first F and of the last B. */
static const char *gpipe(const terms *t, dpl_bubble *out)
{
    set_even(t, (t->PP - 1) * (t->F + t->B + 2 * t->C), out);
    return t->C > 0 ? "(PP-1)(F+B+2C)" : "(PP-1)(F+B)";
}

/* Narayanan et al., arXiv 2006.09503, for C = 0. */
static const char *one_f_one_b(const terms *t, dpl_bubble *out)
{
    double transfers = 2 * ((t->PP - 1) * full_rounds(t) + begun_round(t));
    set_even(t, (t->PP - 1) * (t->F + t->B) + t->C * transfers, out);
    if (t->C == 0 || t->stages == 1) {
        return "(PP-1)(F+B)";
    }
    if (t->chunks % t->stages == 0) {
        return "(PP-1)(F+B) + C(2(PP-1)(M/PP+1) - 2)";
    }
    return "(PP-1)(F+B) + 2C((PP-1)ceil(M/PP) + max(0, (M-1) mod PP - 1))";
}

/* The drain of ZB-H1 over a number of hops, `less` shorter where W's or F's end it. */
static double zero_bubble_hops(const terms *t, double hops, double less)
{
    return largest(hops * (t->F + t->I - t->W + 4 * t->C) - less, hops * (t->F + 3 * t->C) - less,
                   hops * (t->I + 2 * t->C));
}

/*
 * Qi et al., arXiv 2401.10241, section 2: (PP-1)(F+B-2W), for C = 0, M >= PP and W no longer than F
 * and I. Longer W's leave a hop F or I; latencies C are hidden by the W's of the steady state as
 * long as these are longer than the way there and back, 2C.
 */
static double zero_bubble(const terms *t)
{
    double hops = t->PP - 1;
    if (t->chunks > t->stages) {
        double waits = hops * (full_rounds(t) - 2) + begun_round(t);
        return zero_bubble_hops(t, hops, 0) + waits * fmax(0, 2 * t->C - t->W);
    }
    if (t->chunks == t->stages) {
        return zero_bubble_hops(t, hops, 2 * t->C);
    }
    return t->F + t->I + 2 * t->C + zero_bubble_hops(t, hops - 1, 2 * t->C);
}

static const char *zb_h1(const terms *t, dpl_bubble *out)
{
    set_even(t, zero_bubble(t), out);
    bool latency = t->C > 0;
    if (t->chunks < t->stages) {
        return latency ? "F+I+2C + max((PP-2)(F+I-W+4C) - 2C, (PP-2)(F+3C) - 2C, (PP-2)(I+2C))"
                       : "(PP-1)(F+I) - (PP-2)min(F,I,W)";
    }
    if (!latency) {
        return t->W <= fmin(t->F, t->I) ? "(PP-1)(F+B-2W)" : "(PP-1)(F+I-min(F,I,W))";
    }
    if (t->chunks == t->stages) {
        return "max((PP-1)(F+I-W+4C) - 2C, (PP-1)(F+3C) - 2C, (PP-1)(I+2C))";
    }
    return "(PP-1)max(F+I-W+4C, F+3C, I+2C) + q max(0, 2C-W), "
           "q = (PP-1)(ceil(M/PP)-2) + max(0, (M-1) mod PP - 1)";
}

/*
 * Interleaved 1F1B (arXiv 2104.04473, section 2.2.2) and breadth-first: a fill and a drain of one
 * stage each instead of v; with fewer micro-batches than ranks every further stage waits for its
 * input to come round.
 */
static const char *loops(const terms *t, dpl_bubble *out)
{
    double missing = fmax(0, t->P - t->M);
    set_even(t, (t->P - 1 + (t->v - 1) * missing) * (t->F + t->B), out);
    return missing > 0 ? "(P-1 + (v-1)(P-M))(F+B)" : "(P-1)(F+B)";
}

/* The drain of ZB-H1 for one stage. Found by simulation; see tests. */
static const char *interleaved_zb(const terms *t, dpl_bubble *out)
{
    set_even(t, (t->P - 1) * (t->F + t->I - fmin(t->F, fmin(t->I, t->W))), out);
    return "(P-1)(F+I-min(F,I,W))";
}

/*
 * arXiv 2401.10241, section 2, counts idle time from each rank's first start: (P-1)(F+I-2W), or
 * nothing. From the first start of all it is at least the fill, (P-1)F. Found by simulation for I
 * much longer than F.
 */
static const char *zb_h2(const terms *t, dpl_bubble *out)
{
    set_even(t, (t->P - 1) * largest(t->F, t->F + t->I - 2 * t->W, t->I - t->F), out);
    return "(P-1)max(F, F+I-2W, I-F)";
}

/*
 * The handmade ZB-V: a fill of one stage a rank, hidden but for I where W's are long enough to fill
 * the drain. Found by simulation; for F longer than I, or W, ranks idle in more ways.
 */
static const char *zbv(const terms *t, dpl_bubble *out)
{
    set_even(t, (t->P - 1) * fmax(t->I, 2 * (t->I - t->W)), out);
    return 2 * t->W < t->I ? "2(P-1)(I-W)" : "(P-1)I";
}

/*
 * Rows of slots (core/strategy/slots.h) of units of P micro-batches: at F = B the two directions
 * leave one slot idle for each at which the second starts later, `apart`; else the longer of F and
 * B counts, and between units their difference. Found by simulation, and for M = P what the
 * critical path says.
 */
static void set_slots(const terms *t, double apart, dpl_bubble *out)
{
    double units = t->M / t->P;
    double idle = fmax(t->F, t->B) + (units - 1) * fabs(t->F - t->B);
    set_even(t, apart * idle, out);
}

/* Li and Hoefler, arXiv 2107.06925, give (D-2) / (2N+D-2) for F = B and f = 1. */
static const char *chimera(const terms *t, dpl_bubble *out)
{
    set_slots(t, t->P / t->f - 2, out);
    return t->M > t->P ? "(P/f-2)(max(F,B) + (M/P-1)|F-B|)" : "(P/f-2)max(F,B)";
}

static const char *hanayo(const terms *t, dpl_bubble *out)
{
    set_slots(t, 2 * t->P - 2, out);
    return t->M > t->P ? "(2P-2)(max(F,B) + (M/P-1)|F-B|)" : "(2P-2)max(F,B)";
}

/*
 * The table of github.com/deepseek-ai/DualPipe: the idle time of a rank in the middle. `half` ranks
 * mirror the others (or, in a V, are all there are); each runs `forwards` F's. A middle rank has
 * forwards - 2 half - 1 of them in overlapped pairs, the mean rank (half-1)(half-2) / (2 half)
 * fewer: count them in the eight phases.
 */
static const char *dualpipe(const terms *t, double forwards, dpl_bubble *out)
{
    double half = t->PP / 2;
    double gain = t->F + t->B - t->FB;
    double pairs = forwards - 2 * half - 1;
    double fewer = (half - 1) * (half - 2) / (2 * half);
    out->bubble_time = (half - 1) * (t->FB + t->B - 3 * t->W);
    out->mean_bubble_time = out->bubble_time - fewer * gain;
    out->total_time = forwards * (t->F + t->B) - pairs * gain + out->bubble_time;
    return "(PP/2-1)(FB+B-3W)";
}

static const char *dualpipe_both_ways(const terms *t, dpl_bubble *out)
{
    return dualpipe(t, t->M, out);
}

static const char *dualpipev(const terms *t, dpl_bubble *out)
{
    return dualpipe(t, 2 * t->M, out);
}

/* ---- Conditions ---- */

/* What decimal fractions may be off: equal to 1e-9. */
static bool at_most(double a, double b)
{
    return a <= b + 1e-9 * fmax(fabs(a), fabs(b));
}

static void fails(dpl_bubble *out, const char *rule, const char *names[2], const double values[2])
{
    (void)snprintf(out->condition, sizeof out->condition, "%s fails: %s = %.10g, %s = %.10g", rule,
                   names[0], values[0], names[1], values[1]);
}

static bool always(const dpl_held *held, const dpl_uniform_costs *c, dpl_bubble *out)
{
    (void)held;
    (void)c;
    (void)out;
    return true;
}

static bool no_latency(const dpl_held *held, const dpl_uniform_costs *c, dpl_bubble *out)
{
    (void)held;
    if (c->p2p > 0) {
        (void)snprintf(out->condition, sizeof out->condition, "p2p = 0 fails: p2p = %.10g", c->p2p);
        return false;
    }
    return true;
}

static bool full_rounds_only(const dpl_held *held, const dpl_uniform_costs *c, dpl_bubble *out)
{
    if (held->shape.num_chunks % held->shape.num_ranks != 0) {
        (void)snprintf(out->condition, sizeof out->condition,
                       "M a multiple of P fails: M = %ld, P = %ld", (long)held->shape.num_chunks,
                       (long)held->shape.num_ranks);
        return false;
    }
    return no_latency(held, c, out);
}

static bool enough_chunks(const dpl_held *held, int64_t least, const char *rule, dpl_bubble *out)
{
    if (held->shape.num_chunks < least) {
        (void)snprintf(out->condition, sizeof out->condition, "%s fails: M = %ld, P = %ld", rule,
                       (long)held->shape.num_chunks, (long)held->shape.num_ranks);
        return false;
    }
    return true;
}

static bool a_chunk_a_rank(const dpl_held *held, const dpl_uniform_costs *c, dpl_bubble *out)
{
    return enough_chunks(held, held->shape.num_ranks, "M >= P", out) && no_latency(held, c, out);
}

static bool long_inputs(const dpl_held *held, const dpl_uniform_costs *c, dpl_bubble *out)
{
    int64_t least = 2 * (int64_t)held->shape.num_ranks - 1;
    if (!enough_chunks(held, least, "M >= 2P-1", out) || !no_latency(held, c, out)) {
        return false;
    }
    if (!at_most(c->F, c->I)) {
        fails(out, "F <= I", (const char *[]){"F", "I"}, (double[]){c->F, c->I});
    } else if (!at_most(c->W, c->I)) {
        fails(out, "W <= I", (const char *[]){"W", "I"}, (double[]){c->W, c->I});
    } else {
        return true;
    }
    return false;
}

static bool even_backward(const dpl_held *held, const dpl_uniform_costs *c, dpl_bubble *out)
{
    if (!no_latency(held, c, out)) {
        return false;
    }
    if (!at_most(c->F, c->I) || !at_most(c->I, c->F)) {
        fails(out, "F = I", (const char *[]){"F", "I"}, (double[]){c->F, c->I});
    } else if (!at_most(c->W, c->F)) {
        fails(out, "W <= F", (const char *[]){"W", "F"}, (double[]){c->W, c->F});
    } else if (!at_most(c->F + c->W, c->FB)) {
        fails(out, "FB >= F + W", (const char *[]){"FB", "F + W"}, (double[]){c->FB, c->F + c->W});
    } else {
        return true;
    }
    return false;
}

static const struct form {
    const char *strategy;
    bool (*holds)(const dpl_held *held, const dpl_uniform_costs *costs, dpl_bubble *out);
    const char *(*evaluate)(const terms *t, dpl_bubble *out);
} forms[] = {
    {"1f1b", always, one_f_one_b},
    {"chimera", full_rounds_only, chimera},
    {"dualpipe", even_backward, dualpipe_both_ways},
    {"dualpipev", even_backward, dualpipev},
    {"gpipe", always, gpipe},
    {"hanayo", full_rounds_only, hanayo},
    {"interleaved_1f1b", no_latency, loops},
    {"interleaved_zb", a_chunk_a_rank, interleaved_zb},
    {"looped_bfs", no_latency, loops},
    {"zb_h1", always, zb_h1},
    {"zb_h2", no_latency, zb_h2},
    {"zbv", long_inputs, zbv},
};

static const struct form *form_of(const char *strategy)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (strcmp(forms[i].strategy, strategy) == 0) {
            return &forms[i];
        }
    }
    return NULL;
}

/* ---- All together ---- */

void dpl_bubble_begin(const dpl_held *held, dpl_bubble *bubble)
{
    *bubble = (dpl_bubble){.strategy = held->info->name,
                           .shape = held->shape,
                           .num_stages = (int64_t)held->shape.num_ranks * held->stages_per_rank};
}

static terms terms_of(const dpl_held *held, const dpl_uniform_costs *c, const dpl_bubble *bubble)
{
    double parts = held->unit == DPL_COSTS_OF_RANK ? held->stages_per_rank : 1;
    return (terms){.P = held->shape.num_ranks,
                   .v = held->stages_per_rank,
                   .f = held->shape.pipeline_pairs > 0 ? held->shape.pipeline_pairs : 1,
                   .PP = (double)bubble->num_stages,
                   .M = held->shape.num_chunks,
                   .F = c->F / parts,
                   .B = c->B / parts,
                   .I = c->I / parts,
                   .W = c->W / parts,
                   .FB = c->FB / parts,
                   .C = c->p2p,
                   .stages = bubble->num_stages,
                   .chunks = held->shape.num_chunks};
}

bool dpl_closed_form(const dpl_held *held, const dpl_uniform_costs *costs, dpl_bubble *bubble)
{
    const struct form *form = form_of(held->info->name);
    dpl_bubble_begin(held, bubble);
    bubble->simulated = 1;
    if (form == NULL) {
        (void)snprintf(bubble->condition, sizeof bubble->condition,
                       "no closed form is known for %s", held->info->name);
        return false;
    }
    if (!costs->uniform) {
        (void)snprintf(bubble->condition, sizeof bubble->condition,
                       "uniform costs fails: %s is a list", costs->list);
        return false;
    }
    if (!form->holds(held, costs, bubble)) {
        return false;
    }
    terms t = terms_of(held, costs, bubble);
    bubble->formula = form->evaluate(&t, bubble);
    bubble->simulated = 0;
    if (bubble->total_time > 0) {
        bubble->bubble_ratio = bubble->mean_bubble_time / bubble->total_time;
    }
    return true;
}
