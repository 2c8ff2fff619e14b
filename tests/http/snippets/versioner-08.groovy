sh """
  curl -X POST https://api.versioner.io/deployment-events/ \\
    -H "Authorization: Bearer ${VERSIONER_API_KEY}" \\
    -H "Content-Type: application/json" \\
    -d '{
      "product_name": "my-service",
      "version": "${BUILD_NUMBER}",
      "environment_name": "production",
      "status": "success",
      "deployed_by": "${BUILD_USER}",
      "build_url": "${BUILD_URL}"
    }'
"""
