/* Choices: see greedy.h. */
#include "strategy/greedy.h"

static bool is_known(const dpl_choices *c, int choice)
{
    for (int earlier = 0; earlier < choice; earlier++) {
        if (c->mattered[earlier] >= 0 && ((choice ^ earlier) & c->mattered[earlier]) == 0) {
            return true;
        }
    }
    return false;
}

bool dpl_choices_next(dpl_choices *c)
{
    for (c->now++; c->now < c->count; c->now++) {
        bool known = is_known(c, c->now);
        c->mattered[c->now] = known ? -1 : 0;
        if (!known) {
            return true;
        }
    }
    return false;
}
