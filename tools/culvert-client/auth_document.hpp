// The XML that a client sends in the log-in.
#pragma once

#include <optional>
#include <string_view>

#include "control/http/wiping_allocator.hpp"
#include "tools/culvert-client/document.hpp"

namespace culvert::client {

struct Answers {
  std::string_view user;
  std::string_view password;
  std::string_view group;  // value of the list's choice; "" for none
};

// What goes into `input`: a text is the name, and what is hidden goes back. Nothing for a kind that nobody fills in.
[[nodiscard]] std::optional<std::string_view> answer_to(const Input& input,
                                                        const Answers& answers) noexcept;

// `access` is the URL that is asked for.
[[nodiscard]] control::http::WipingString init_document(std::string_view access,
                                                        std::string_view group);
// The reply to `form`.
[[nodiscard]] control::http::WipingString reply_document(const Document& form,
                                                         const Answers& answers);

}  // namespace culvert::client
