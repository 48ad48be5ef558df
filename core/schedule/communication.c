/* Communications of a schedule: their text, and their keeping. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "schedule/communication.h"

const char *const dpl_comm_names[DPL_COMM_KIND_COUNT] = {
    "SEND_F", "RECV_F", "SEND_B", "RECV_B", "UNSHARD", "RESHARD", "REDUCE_GRAD"};

size_t dpl_communication_format(const dpl_communication *c, char *text)
{
    bool known = c->kind >= 0 && c->kind < DPL_COMM_KIND_COUNT;
    const char *name = known ? dpl_comm_names[c->kind] : "?";
    size_t length = strlen(name);
    char *end = dpl_put_number(text, c->stage);
    memcpy(end, name, length);
    end += length;
    if (c->chunk >= 0) {
        end = dpl_put_number(end, c->chunk);
    }
    *end = '\0';
    return (size_t)(end - text);
}

const dpl_communication *dpl_schedule_communications(const dpl_schedule *schedule, int32_t rank,
                                                     size_t *count)
{
    *count = 0;
    if (schedule->comms == NULL || rank < 0 || rank >= schedule->num_ranks) {
        return NULL;
    }
    *count = schedule->comm_begin[rank + 1] - schedule->comm_begin[rank];
    return schedule->comms + schedule->comm_begin[rank];
}

dpl_program_place dpl_schedule_program(const dpl_schedule *schedule, int32_t rank)
{
    size_t num_comms;
    size_t num_actions;
    const dpl_communication *comms = dpl_schedule_communications(schedule, rank, &num_comms);
    const dpl_action *actions = dpl_schedule_order(schedule, rank, &num_actions);
    dpl_program_place place = {actions, actions, actions, comms, comms};
    if (num_actions > 0) {
        place.end += num_actions;
    }
    if (num_comms > 0) {
        place.last += num_comms;
    }
    return place;
}

size_t dpl_program_next(dpl_program_place *place, char *text)
{
    if (place->communication != place->last &&
        place->communication->before == (size_t)(place->action - place->first)) {
        return dpl_communication_format(place->communication++, text);
    }
    return place->action != place->end ? dpl_action_format(place->action++, text) : 0;
}

size_t dpl_schedule_num_communications(const dpl_schedule *schedule)
{
    return schedule->num_comms;
}

dpl_code dpl_schedule_set_communications(dpl_schedule *schedule, dpl_communication *comms,
                                         size_t count, size_t *begin, dpl_error *error)
{
    schedule->comms = comms;
    schedule->num_comms = count;
    schedule->comm_begin = begin;
    if (schedule->verdict.code != DPL_OK) {
        return DPL_OK;
    }
    return dpl_schedule_check_communications(schedule, error);
}

bool dpl_message_of(const dpl_schedule *s, const dpl_communication *c, dpl_message_side *out)
{
    bool back = c->kind == DPL_SEND_B || c->kind == DPL_RECV_B;
    out->sends = c->kind == DPL_SEND_F || c->kind == DPL_SEND_B;
    if (c->kind > DPL_RECV_B) {
        return false;
    }
    int32_t other = dpl_schedule_stage_across(s, c->stage, out->sends != back ? 1 : -1);
    if (other < 0) {
        return false;
    }
    int32_t sender = out->sends ? c->stage : other;
    out->number = 2 * dpl_schedule_cell(s, sender, c->chunk) + (back ? 1 : 0);
    out->peer = s->stage_rank[other];
    return true;
}

bool dpl_schedule_find_cells(const dpl_schedule *s, uint32_t *forward, uint32_t *backward)
{
    for (size_t i = 0; i < s->num_actions; i++) {
        dpl_half halves[2];
        if (dpl_cancelled_at(&s->hooks, i)) {
            return false;
        }
        for (int k = dpl_action_halves(&s->actions[i], halves); k-- > 0;) {
            uint32_t *positions = halves[k].back ? backward : forward;
            positions[dpl_schedule_cell(s, halves[k].stage, halves[k].chunk)] = (uint32_t)i;
        }
    }
    return true;
}
