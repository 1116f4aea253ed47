// HTTP/1.1 answers out of decrypted bytes, by Boost.Beast's grammar.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "tools/culvert-client/document.hpp"
#include "tools/culvert-client/http.hpp"

namespace culvert::crowd {

class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  // Before each request. `tunnel`: it is a CONNECT, whose answer ends with its header where it is 200.
  void expect(bool tunnel);
  // Takes from the front of `bytes`. nullopt: the answer is not whole yet, or problem() says why there will be none.
  [[nodiscard]] std::optional<client::Reply> read(control::http::WipingString& bytes);
  [[nodiscard]] const std::string& problem() const noexcept { return problem_; }

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  bool tunnel_ = false;
  std::string problem_;
};

}  // namespace culvert::crowd
