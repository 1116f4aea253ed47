// A reply of HTTP/1.1, read from whatever carries it: Boost.Beast's grammar.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/http/wiping_allocator.hpp"

namespace culvert::client {

struct Reply {
  unsigned status = 0;
  std::string reason{};
  // They may hold a cookie.
  std::vector<std::pair<std::string, control::http::WipingString>> headers{};
  control::http::WipingString body{};
  bool keep_alive = false;

  // The first of that name, whatever its case; "" if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  // A cookie that the reply sets; "" if it does not, or takes it away.
  [[nodiscard]] std::string_view cookie(std::string_view name) const noexcept;
};

// One reply after the other. A header of more than 16 KiB or a body of more than 256 KiB is a problem.
class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(ReplyReader&&) noexcept;
  ReplyReader& operator=(ReplyReader&&) noexcept;
  // Before each request. `tunnel`: it is a CONNECT, whose reply ends with its header where it is 200.
  void expect(bool tunnel);
  // Takes from the front of `bytes`. Nothing: the reply is not whole yet, or problem() says why there will be
  // none. Bytes that nobody has asked for are one.
  [[nodiscard]] std::optional<Reply> read(control::http::WipingString& bytes);
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;  // while a reply is awaited
  bool tunnel_ = false;
  std::string problem_;
};

}  // namespace culvert::client
