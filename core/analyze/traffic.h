/* Traffic between ranks, as it is gathered. */
#ifndef DPL_ANALYZE_TRAFFIC_H
#define DPL_ANALYZE_TRAFFIC_H

#include "analyze/analyze.h"

struct dpl_traffic {
    dpl_hooks hooks;
    int32_t num_ranks;
    size_t capacity; /* of links */
    size_t num_links;
    dpl_link *links; /* sorted by from_rank, to_rank */
    dpl_rank_traffic *ranks;
    dpl_traffic_total total;
};

#endif
