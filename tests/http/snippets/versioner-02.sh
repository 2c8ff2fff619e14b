curl -X POST https://api.versioner.io/deployment-events/ \
  -H "Authorization: Bearer $VERSIONER_API_KEY" \
  -H "Content-Type: application/json" \
  -d '{
    "product_name": "my-service",
    "version": "1.2.3",
    "environment_name": "production",
    "status": "failed",
    "extra_metadata": {
      "error": "Lambda timeout after 30s",
      "error_code": "TIMEOUT"
    }
  }'
