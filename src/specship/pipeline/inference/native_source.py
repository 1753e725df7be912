"""The decode step in C, which `native_step` compiles: a module, so that digests of code follow it.

A step is bound by reading the weights once, which goes fastest from end to end: one row of a matrix after
another, in four sums, while the processor is told what comes next (on an AMD core this read nine tenths of
what a plain sum of memory reads, four rows at once six tenths). bfloat16 is read as pairs, of which a shift
makes one number and a mask the other, so that vectors are put into the order even, odd before they are
multiplied. Threads take rows of each product; what is small and wanted by all (a norm) each makes for
itself, so that a layer has five barriers.
"""

from __future__ import annotations

from typing import Final

SOURCE: Final = r"""
#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <string.h>

#if defined __AVX512F__
#define LANES 16
#elif defined __AVX__
#define LANES 8
#else
#define LANES 4
#endif
#define AHEAD 1024 /* bytes */

typedef float vec __attribute__((vector_size(4 * LANES)));
typedef uint32_t words __attribute__((vector_size(4 * LANES)));
enum { FLOAT32, BFLOAT16 };

typedef struct { /* one layer; biases and norms of heads may be missing */
    const float *norm;
    const void *qkv;
    const float *qkv_bias, *head_norms;
    const void *out;
    const float *out_bias, *mlp_norm;
    const void *gate_up;
    const float *gate_up_bias;
    const void *down;
    const float *down_bias;
    float *cache; /* [2, kv_heads, context, head_dim] */
} Layer;

typedef struct {
    int64_t layers, hidden, inner, heads, kv_heads, head_dim, vocabulary, context, type, threads, widest;
    double eps;
    const void *embedding, *head;
    const float *norm, *turns; /* turns: [context, head_dim / 2, cosine and sine] */
    float *x, *y, *seen, *logits, *own; /* own: [threads, 2 * widest + context] */
    const Layer *layer;
} Model;

static inline vec load(const float *at) { vec v; memcpy(&v, at, sizeof v); return v; }
static inline words load_words(const void *at) { words v; memcpy(&v, at, sizeof v); return v; }
static inline vec as_vec(words w) { vec v; memcpy(&v, &w, sizeof v); return v; }
static inline float of_float32(float v) { return v; }
static inline float of_bfloat16(uint16_t half) {
    uint32_t wide = (uint32_t)half << 16;
    float v;
    memcpy(&v, &wide, sizeof v);
    return v;
}
static inline float total(vec v) {
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += v[i];
    return sum;
}

#define DOT(TYPE, ONE, PAIR) \
    for (int64_t r = first; r < last; r++) { \
        const TYPE *row = (const TYPE *)w + r * k; \
        vec sum[4] = {{0}, {0}, {0}, {0}}; \
        int64_t i = 0; \
        for (; i + 4 * LANES <= k; i += 4 * LANES) { \
            PAIR(i, sum[0], sum[1]) \
            PAIR(i + 2 * LANES, sum[2], sum[3]) \
        } \
        for (; i + 2 * LANES <= k; i += 2 * LANES) { PAIR(i, sum[0], sum[1]) } \
        float rest = 0; \
        for (; i < k; i++) rest += ONE(row[i]) * x[i]; \
        y[r] = total(sum[0] + sum[1] + sum[2] + sum[3]) + rest; \
    }
#define SOON(i) __builtin_prefetch((const char *)(row + (i)) + AHEAD);
#define TWO_FLOAT32(i, even, odd) \
    { \
        SOON(i) \
        even += load(row + (i)) * load(x + (i)); \
        odd += load(row + (i) + LANES) * load(x + (i) + LANES); \
    }
#define TWO_BFLOAT16(i, even, odd) \
    { \
        SOON(i) \
        words both = load_words(row + (i)); \
        even += as_vec(both << 16) * load(x + (i)); \
        odd += as_vec(both & 0xffff0000) * load(x + (i) + LANES); \
    }

static void rows_float32(const void *w, int64_t first, int64_t last, int64_t k, const float *x, float *y) {
    DOT(float, of_float32, TWO_FLOAT32)
}

static void rows_bfloat16(const void *w, int64_t first, int64_t last, int64_t k, const float *x, float *y) {
    DOT(uint16_t, of_bfloat16, TWO_BFLOAT16)
}

/* y[first:last] = w[first:last] x; `arranged` has room for x in the order that bfloat16 wants */
static void product(
    const Model *m, const void *w, int64_t first, int64_t last, int64_t k, const float *x, float *arranged,
    float *y
) {
    if (m->type == FLOAT32) {
        rows_float32(w, first, last, k, x, y);
        return;
    }
    int64_t i = 0;
    for (; i + 2 * LANES <= k; i += 2 * LANES)
        for (int j = 0; j < LANES; j++) {
            arranged[i + j] = x[i + 2 * j];
            arranged[i + LANES + j] = x[i + 2 * j + 1];
        }
    for (; i < k; i++) arranged[i] = x[i];
    rows_bfloat16(w, first, last, k, arranged, y);
}

static void normed(const float *x, const float *weight, int64_t n, double eps, float *y) {
    float sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * x[i];
    float scale = (float)(1 / sqrt(sum / n + eps));
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * scale * weight[i];
}

/* norm and turn one head in place */
static void turned(const Model *m, const Layer *l, int64_t head, int64_t at, float *x) {
    int64_t d = m->head_dim;
    const float *turn = m->turns + at * d;
    if (l->head_norms) normed(x, l->head_norms + head * d, d, m->eps, x);
    for (int64_t i = 0; i < d; i += 2) {
        float a = x[i], b = x[i + 1];
        x[i] = a * turn[i] - b * turn[i + 1];
        x[i + 1] = a * turn[i + 1] + b * turn[i];
    }
}

/* what the query heads of one key-value head see */
static void attend(const Model *m, const Layer *l, int64_t kv, int64_t at, float *score) {
    int64_t d = m->head_dim, group = m->heads / m->kv_heads, plane = m->context * d;
    float *keys = l->cache + kv * plane, *values = keys + m->kv_heads * plane;
    float *key = m->y + (m->heads + kv) * d, *value = key + m->kv_heads * d;
    turned(m, l, m->heads + kv, at, key);
    memcpy(keys + at * d, key, d * sizeof *key);
    memcpy(values + at * d, value, d * sizeof *value);
    for (int64_t head = kv * group; head < (kv + 1) * group; head++) {
        float *query = m->y + head * d, *seen = m->seen + head * d, most = -INFINITY, sum = 0;
        float scale = (float)(1 / sqrt((double)d));
        turned(m, l, head, at, query);
        for (int64_t s = 0; s <= at; s++) {
            const float *k = keys + s * d;
            float dot = 0;
            for (int64_t i = 0; i < d; i++) dot += query[i] * k[i];
            score[s] = dot * scale;
            most = score[s] > most ? score[s] : most;
        }
        for (int64_t s = 0; s <= at; s++) sum += score[s] = expf(score[s] - most);
        memset(seen, 0, d * sizeof *seen);
        for (int64_t s = 0; s <= at; s++) {
            const float *v = values + s * d;
            float share = score[s] / sum;
            for (int64_t i = 0; i < d; i++) seen[i] += share * v[i];
        }
    }
}

static void added(float *x, const float *y, const float *bias, int64_t first, int64_t last) {
    for (int64_t i = first; i < last; i++) x[i] += y[i] + (bias ? bias[i] : 0);
}

#define BARRIER _Pragma("omp barrier")
#define SHARE(n) first = (n) * id / team, last = (n) * (id + 1) / team;

static void one_layer(const Model *m, const Layer *l, int64_t at, int64_t id, int64_t team, float *own) {
    int64_t first, last, queries = m->heads * m->head_dim, inner = m->inner, hidden = m->hidden;
    float *arranged = own + m->widest, *score = arranged + m->widest;
    normed(m->x, l->norm, hidden, m->eps, own);
    SHARE(queries + 2 * m->kv_heads * m->head_dim)
    product(m, l->qkv, first, last, hidden, own, arranged, m->y);
    if (l->qkv_bias) for (int64_t i = first; i < last; i++) m->y[i] += l->qkv_bias[i];
    BARRIER
    for (int64_t kv = id; kv < m->kv_heads; kv += team) attend(m, l, kv, at, score);
    BARRIER
    SHARE(hidden)
    product(m, l->out, first, last, queries, m->seen, arranged, m->y);
    added(m->x, m->y, l->out_bias, first, last);
    BARRIER
    normed(m->x, l->mlp_norm, hidden, m->eps, own);
    SHARE(inner)
    float *gate = m->y, *up = m->y + inner;
    product(m, l->gate_up, first, last, hidden, own, arranged, gate);
    product(m, l->gate_up, inner + first, inner + last, hidden, own, arranged, gate);
    for (int64_t i = first; i < last; i++) {
        float g = gate[i] + (l->gate_up_bias ? l->gate_up_bias[i] : 0);
        float u = up[i] + (l->gate_up_bias ? l->gate_up_bias[inner + i] : 0);
        gate[i] = g / (1 + expf(-g)) * u;
    }
    BARRIER
    SHARE(hidden)
    product(m, l->down, first, last, inner, gate, arranged, m->seen);
    added(m->x, m->seen, l->down_bias, first, last);
    BARRIER
}

/* the logits after one more token, whose keys and values go to `at` */
void step(const Model *m, int64_t token, int64_t at) {
    #pragma omp parallel num_threads(m->threads)
    {
        int64_t id = omp_get_thread_num(), team = omp_get_num_threads(), first, last;
        float *own = m->own + id * (2 * m->widest + m->context);
        SHARE(m->hidden)
        for (int64_t i = first, from = token * m->hidden; i < last; i++)
            m->x[i] = m->type == FLOAT32 ? ((const float *)m->embedding)[from + i]
                                         : of_bfloat16(((const uint16_t *)m->embedding)[from + i]);
        BARRIER
        for (int64_t i = 0; i < m->layers; i++) one_layer(m, m->layer + i, at, id, team, own);
        normed(m->x, m->norm, m->hidden, m->eps, own);
        SHARE(m->vocabulary)
        product(m, m->head, first, last, m->hidden, own, own + m->widest, m->logits);
    }
}
"""
"""C11 with OpenMP and the vectors of GCC, which clang has too."""
