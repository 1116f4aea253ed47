// What control and a worker say to each other about DTLS tunnels (mailbox.hpp has the dialogue).
#pragma once

#include "dataplane/dtls/context.hpp"

namespace culvert::dtls {

// Whether a message is for this folder, and what it asks for. The message stays the caller's.
[[nodiscard]] bool is_for_dtls(dp::MessageKind kind) noexcept;
void on_message(Context& c, dp::Message& message, Time now) noexcept;
// Sends what is owed to control, as far as its ring takes it.
void settle(Context& c) noexcept;

}  // namespace culvert::dtls
